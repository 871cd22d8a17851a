person an no-consent name=Nguyễn_Văn_An gender=male
person binh no-consent name=Trần_Thị_Bình gender=female
person khach no-consent name=Lê_Khách
person lima no-consent name=Rosa_Lima timezone=America/Lima
person berlin no-consent name=Anna_Berlin timezone=Europe/Berlin
person huy no-consent name=Phạm_Huy
# An orders after a day, Binh never, Khach agreed to nothing, Huy stops on the way; Berlin puts its clock forward meanwhile.
+0h   consent an give email
+10m  consent binh give email
+20m  consent lima give email
+30m  consent huy give email
+40m  event khach page
+30h  event an order order=a1 total=300000
+80h  unsubscribe huy
+26d  consent berlin give email
until +90d
