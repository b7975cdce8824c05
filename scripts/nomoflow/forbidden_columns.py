"""Columns that a participants table must not have, since they name the patient.

Standard library only: Snakemake itself imports this module.
"""

import re
import unicodedata

# As they are compared: small letters without accents, blanks and marks.
NAMES = """
    name names nom nome nombre prenom cognome apellido apellidos vorname nachname familienname
    surname surnames forename forenames givenname familyname firstname lastname middlename
    maidenname birthname geburtsname nomdefamille nomdenaissance fullname patientname patientsname
    nameofpatient nameofthepatient subjectname participantname nomdupatient patientenname initials
    patientinitials initialen mothersname fathersname nameofmother nachnamevorname namevorname
    surnamefirstname lastnamefirstname 姓名 名字 姓 名 患者姓名 病人姓名 患者名 病人名 受试者姓名
    姓名拼音 曾用名 氏名 患者氏名 이름 성명 환자명
"""
BIRTH = """
    birthdate dateofbirth dob bday birthday birthdatetime patientbirthdate patientdob
    geburtsdatum geburtstag gebdatum gebdat datedenaissance datenaissance ddn fechadenacimiento
    fechanacimiento datadinascita datanascita 出生日期 出生年月 出生年月日 出生时间 生日 患者生日
    患者出生日期 生年月日 생년월일
"""
CONTACT = """
    address patientaddress homeaddress streetaddress street postaladdress adresse anschrift
    wohnadresse strasse wohnort domicile adressepatient direccion indirizzo phone phonenumber
    phoneno telephone telephonenumber tel telno mobilephone mobilenumber cellphone fax
    telefon telefonnummer handy handynummer mobilnummer telefono numerodetelephone email
    emailaddress mail courriel 地址 住址 家庭住址 家庭地址 现住址 联系地址 通讯地址 电话 电话号码
    电话号 手机 手机号 手机号码 联系电话 联系方式 邮箱 电子邮箱 住所 電話番号 주소 전화번호
"""
NUMBERS = """
    mrn medicalrecordnumber medicalrecordno medicalrecord hospitalnumber hospitalno hospitalid
    patientnumber patientno chartnumber inpatientnumber inpatientno outpatientnumber
    nationalid nationalidnumber nationalidentificationnumber idcard idcardnumber identitycard
    identitynumber ssn socialsecuritynumber socialsecurity nhsnumber nhsno passport passportnumber
    insurancenumber healthinsurancenumber accession accessionnumber accessionno
    krankenversichertennummer versichertennummer versicherungsnummer patientennummer patientennr
    fallnummer aktenzeichen personalausweis ahv ahvnummer svnr sozialversicherungsnummer nss nir
    ipp numerosecuritesociale numerodesecuritesociale numerodossier numerodedossier numeropatient
    dni codicefiscale 身份证 身份证号 身份证号码 证件号 证件号码 病历号 病案号 住院号 门诊号
    就诊号 就诊卡号 登记号 医保号 医保卡号 社保号 影像号 检查号 放射号 病理号 護照 护照号 患者番号
    주민등록번호 등록번호
"""
REMEDIES = {
    "a name": (NAMES, "remove the column; the study key stands for the patient"),
    "a date of birth": (BIRTH, "remove the column; give the age in years instead"),
    "an address or telephone number": (CONTACT, "remove the column"),
    "a number of the patient elsewhere": (
        NUMBERS,
        "remove the column, and keep the list that joins it to the study key outside the project",
    ),
}
OF_COLUMN = {word: what for what, (words, _) in REMEDIES.items() for word in words.split()}


def compared(column: str) -> str:
    """A column's name without capitals, accents, blanks and marks."""
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", column).casefold())
    text = "".join(one for one in text if not unicodedata.combining(one))
    return re.sub(r"[\W_]+", "", text)


def forbidden(column: str) -> tuple[str, str] | None:
    """What a column holds that it must not, and the remedy; None where it may stay."""
    word = unicodedata.normalize("NFC", compared(column))
    # "Name (patient)", "name of the patient", "patient's date of birth", "DOB 1"
    plain = re.sub(r"\d+$", "", word)
    bare = re.sub(r"^(?:the)?(?:patients?|subjects?|participants?)(?=.)", "", plain)
    what = OF_COLUMN.get(word) or OF_COLUMN.get(plain) or OF_COLUMN.get(bare)
    return None if what is None else (what, REMEDIES[what][1])
